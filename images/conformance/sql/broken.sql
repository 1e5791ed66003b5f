select 'hello' from (select 1;
selekt 'hello';
