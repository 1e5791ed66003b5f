lines = ''
line = linein()
do while line \== ''
    lines = lines || copies('|', lines \== '') || line
    line = linein()
end
arguments = ''
do n = 1 to arg()
    arguments = arguments || copies('|', n > 1) || arg(n)
end
say 'hello'
say 'stdin=' || lines
say 'file=' || linein('/tmp/input/input.txt')
say 'args=' || arguments
say 'env=' || value('UNSANDBOX_PROBE', , 'ENVIRONMENT')
say 'utf8=Grüße 世界 🚀'
call lineout '<stderr>', 'to stderr'
call lineout '/tmp/artifacts/probe.txt', 'artifact'
call lineout '/tmp/artifacts/probe.txt'
exit 7
