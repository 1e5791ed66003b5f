x = 42;
numbers = zeros (1, 5000);
for n = 1:5000
  x = mod (x * 3877 + 29573, 139968);
  numbers(n) = x;
endfor
numbers = sort (numbers);

counts = struct ();
for number = numbers
  key = sprintf ("%03d", mod (number, 1000));
  if isfield (counts, key)
    counts.(key) += 1;
  else
    counts.(key) = 1;
  endif
endfor
keys = sort (fieldnames (counts));       # max finds the first of its equals
[most, place] = max (cellfun (@(key) counts.(key), keys));

checksum = 0;
for n = 0:4999
  checksum = mod (checksum + numbers(n + 1) * mod (n, 7), 1000003);
endfor
rest = mod (1:200000, 7);
loop = sum (mod (rest .* rest, 7));

printf ("sorted %d %d %d\n", numbers(1), numbers(2501), numbers(end));
printf ("distinct %d\n", numel (keys));
printf ("most %d %d\n", str2double (keys{place}), most);
printf ("checksum %d\n", checksum);
printf ("loop %d\n", loop);
