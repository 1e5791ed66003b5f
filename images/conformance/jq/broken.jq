"hello",
(if true then "hello again"
