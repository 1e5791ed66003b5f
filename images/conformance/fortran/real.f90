program real_work
  implicit none
  integer, parameter :: numbers = 5000, buckets = 2048
  integer :: values(0:numbers - 1), keys(0:buckets - 1), counts(0:buckets - 1)
  integer :: n, x, at, key, most, checksum, total

  x = 42
  do n = 0, numbers - 1
    x = mod(x*3877 + 29573, 139968)
    values(n) = x
  end do
  call sort(values)

  counts = 0
  do n = 0, numbers - 1
    at = slot(mod(values(n), 1000))
    keys(at) = mod(values(n), 1000)
    counts(at) = counts(at) + 1
  end do
  most = maxval(counts)
  key = minval(keys, mask=counts == most)

  checksum = 0
  do n = 0, numbers - 1
    checksum = mod(checksum + values(n)*mod(n, 7), 1000003)
  end do
  total = 0
  do n = 1, 200000
    total = total + mod(mod(n, 7)*mod(n, 7), 7)
  end do

  print '(a,3(1x,i0))', 'sorted', values(0), values(2500), values(numbers - 1)
  print '(a,1x,i0)', 'distinct', count(counts > 0)
  print '(a,2(1x,i0))', 'most', key, most
  print '(a,1x,i0)', 'checksum', checksum
  print '(a,1x,i0)', 'loop', total

contains

  integer function slot(wanted)
    integer, intent(in) :: wanted
    slot = mod(wanted*1021, buckets)
    do while (counts(slot) > 0 .and. keys(slot) /= wanted)
      slot = mod(slot + 1, buckets)
    end do
  end function slot

  recursive subroutine sort(part)
    integer, intent(inout) :: part(:)
    integer :: low, high, pivot, held
    if (size(part) < 2) return
    pivot = part((size(part) + 1)/2)
    low = 1
    high = size(part)
    do while (low <= high)
      do while (part(low) < pivot)
        low = low + 1
      end do
      do while (part(high) > pivot)
        high = high - 1
      end do
      if (low <= high) then
        held = part(low)
        part(low) = part(high)
        part(high) = held
        low = low + 1
        high = high - 1
      end if
    end do
    call sort(part(:high))
    call sort(part(low:))
  end subroutine sort

end program real_work
