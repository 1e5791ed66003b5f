create table numbers(place integer primary key, number integer not null);
insert into numbers
  with recursive generated(n, x) as (
    select 1, (42 * 3877 + 29573) % 139968
    union all
    select n + 1, (x * 3877 + 29573) % 139968 from generated where n < 5000
  )
  select row_number() over (order by x) - 1, x from generated;

create table counts as
  select number % 1000 as key, count(*) as many from numbers group by key;

select 'sorted ' || group_concat(number, ' ')
  from (select number from numbers where place in (0, 2500, 4999) order by place);
select 'distinct ' || count(*) from counts;
select 'most ' || key || ' ' || many from counts order by many desc, key limit 1;
with recursive summed(place, checksum) as (
  select 0, 0
  union all
  select place + 1, (checksum + number * (place % 7)) % 1000003 from summed join numbers using (place)
)
select 'checksum ' || checksum from summed where place = 5000;
with recursive looped(i, total) as (
  select 0, 0
  union all
  select i + 1, total + ((i + 1) % 7) * ((i + 1) % 7) % 7 from looped where i < 200000
)
select 'loop ' || total from looped where i = 200000;
