program real_work;

{$mode objfpc}{$h+}

const
  buckets = 2048;

type
  tnumbers = array [0..4999] of longint;

var
  numbers: tnumbers;
  keys, counts: array [0..buckets - 1] of longint;
  n, x, key, most, distinct, checksum, loop: longint;

procedure sort(low, high: longint);
var
  left, right, pivot, held: longint;
begin
  left := low;
  right := high;
  pivot := numbers[(low + high) div 2];
  while left <= right do
  begin
    while numbers[left] < pivot do
      inc(left);
    while numbers[right] > pivot do
      dec(right);
    if left <= right then
    begin
      held := numbers[left];
      numbers[left] := numbers[right];
      numbers[right] := held;
      inc(left);
      dec(right);
    end;
  end;
  if low < right then
    sort(low, right);
  if left < high then
    sort(left, high);
end;

procedure count(wanted: longint);
var
  at: longint;
begin
  at := wanted * 1021 mod buckets;
  while (counts[at] > 0) and (keys[at] <> wanted) do
    at := (at + 1) mod buckets;
  keys[at] := wanted;
  inc(counts[at]);
end;

begin
  x := 42;
  for n := low(numbers) to high(numbers) do
  begin
    x := (x * 3877 + 29573) mod 139968;
    numbers[n] := x;
  end;
  sort(low(numbers), high(numbers));

  for x in numbers do
    count(x mod 1000);
  key := 0;
  most := 0;
  distinct := 0;
  for n := 0 to buckets - 1 do
    if counts[n] > 0 then
    begin
      inc(distinct);
      if (counts[n] > most) or ((counts[n] = most) and (keys[n] < key)) then
      begin
        key := keys[n];
        most := counts[n];
      end;
    end;

  checksum := 0;
  for n := low(numbers) to high(numbers) do
    checksum := (checksum + numbers[n] * (n mod 7)) mod 1000003;
  loop := 0;
  for n := 1 to 200000 do
    loop := loop + (n mod 7) * (n mod 7) mod 7;

  writeln('sorted ', numbers[0], ' ', numbers[2500], ' ', numbers[4999]);
  writeln('distinct ', distinct);
  writeln('most ', key, ' ', most);
  writeln('checksum ', checksum);
  writeln('loop ', loop);
end.
