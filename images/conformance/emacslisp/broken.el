(defun greeted ()
  (princ "hello\n")
(greeted)
