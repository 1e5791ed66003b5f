.bail on
.mode list
create table lines(line text);
.import "|cat" lines
create table arguments(argument text);
.import "|printenv ARGUMENTS" arguments
create table variable(value text);
.import "|printenv UNSANDBOX_PROBE" variable

select 'hello';
select 'stdin=' || group_concat(line, '|') from lines;
select 'file=' || rtrim(readfile('/tmp/input/input.txt'), char(10));
select 'args=' || group_concat(argument, '|') from arguments;
select 'env=' || value from variable;
select 'utf8=Grüße 世界 🚀';
.shell echo "to stderr" >&2
.output /tmp/artifacts/probe.txt
select 'artifact';
.output
.exit 7
