program probe
  use, intrinsic :: iso_fortran_env, only: error_unit, input_unit
  implicit none
  character(len=256) :: word
  integer :: n, file

  print '(a)', 'hello'
  write (*, '(a)') 'stdin=' // joined(input_unit)
  open (newunit=file, file='/tmp/input/input.txt', action='read', status='old')
  write (*, '(a)') 'file=' // joined(file)
  close (file)

  write (*, '(a)', advance='no') 'args='
  do n = 1, command_argument_count()
    call get_command_argument(n, word)
    if (n > 1) write (*, '(a)', advance='no') '|'
    write (*, '(a)', advance='no') trim(word)
  end do
  print *
  call get_environment_variable('UNSANDBOX_PROBE', word)
  print '(a)', 'env=' // trim(word)
  print '(a)', 'utf8=Grüße 世界 🚀'
  write (error_unit, '(a)') 'to stderr'

  open (newunit=file, file='/tmp/artifacts/probe.txt', action='write')
  write (file, '(a)') 'artifact'
  close (file)
  call exit(7)

contains

  function joined(unit) result(text)
    integer, intent(in) :: unit
    character(len=:), allocatable :: text
    character(len=256) :: line
    integer :: status
    text = ''
    do
      read (unit, '(a)', iostat=status) line
      if (status /= 0) exit
      if (len(text) > 0) text = text // '|'
      text = text // trim(line)
    end do
  end function joined

end program probe
