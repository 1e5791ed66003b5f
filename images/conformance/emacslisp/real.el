;;; -*- lexical-binding: t -*-

(defun numbers (many)
  "MANY numbers of the generator, ascending, in a vector."
  (let ((x 42) found)
    (dotimes (_ many)
      (setq x (% (+ (* x 3877) 29573) 139968))
      (push x found))
    (vconcat (sort found #'<))))

(defun counts (numbers)
  "How many of NUMBERS leave each rest."
  (let ((counts (make-hash-table)))
    (mapc (lambda (number) (setf (gethash (% number 1000) counts) (1+ (gethash (% number 1000) counts 0)))) numbers)
    counts))

(defun most (counts)
  "The pair of COUNTS with the largest count, of equals the smallest key."
  (let ((key nil) (most 0))
    (maphash (lambda (each count)
               (when (or (> count most) (and (= count most) (< each key)))
                 (setq key each most count)))
             counts)
    (cons key most)))

(let* ((numbers (numbers 5000))
       (counts (counts numbers))
       (most (most counts))
       (checksum 0)
       (total 0))
  (dotimes (n 5000)
    (setq checksum (% (+ checksum (* (aref numbers n) (% n 7))) 1000003)))
  (dotimes (i 200000)
    (setq total (+ total (% (* (% (1+ i) 7) (% (1+ i) 7)) 7))))
  (princ (format "sorted %d %d %d\n" (aref numbers 0) (aref numbers 2500) (aref numbers 4999)))
  (princ (format "distinct %d\n" (hash-table-count counts)))
  (princ (format "most %d %d\n" (car most) (cdr most)))
  (princ (format "checksum %d\n" checksum))
  (princ (format "loop %d\n" total)))
(kill-emacs 0)
