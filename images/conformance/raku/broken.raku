say 'hello';
my @numbers = (1, 2;
if True {
