(define numbers
  (let next ((x 42) (left 5000) (all '()))
    (if (= left 0)
        (list->vector (sort all <))
        (let ((y (modulo (+ (* x 3877) 29573) 139968)))
          (next y (- left 1) (cons y all))))))

(define counts (make-hash-table))
(for-each
 (lambda (number)
   (let ((key (modulo number 1000)))
     (hash-set! counts key (+ 1 (hash-ref counts key 0)))))
 (vector->list numbers))

(define most
  (hash-fold
   (lambda (key times best)
     (if (or (> times (cdr best)) (and (= times (cdr best)) (< key (car best))))
         (cons key times)
         best))
   '(0 . 0)
   counts))

(define checksum
  (let next ((n 0) (sum 0))
    (if (= n 5000)
        sum
        (next (+ n 1) (modulo (+ sum (* (vector-ref numbers n) (modulo n 7))) 1000003)))))

(define looped
  (let next ((i 1) (sum 0))
    (if (> i 200000)
        sum
        (next (+ i 1) (+ sum (modulo (* (modulo i 7) (modulo i 7)) 7))))))

(format #t "sorted ~a ~a ~a\n" (vector-ref numbers 0) (vector-ref numbers 2500) (vector-ref numbers 4999))
(format #t "distinct ~a\n" (hash-count (const #t) counts))
(format #t "most ~a ~a\n" (car most) (cdr most))
(format #t "checksum ~a\n" checksum)
(format #t "loop ~a\n" looped)
