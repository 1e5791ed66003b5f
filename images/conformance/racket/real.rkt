#lang racket/base
(require racket/list)

(define numbers
  (let next ([x 42] [left 5000] [all '()])
    (if (zero? left)
        (list->vector (sort all <))
        (let ([y (modulo (+ (* x 3877) 29573) 139968)])
          (next y (sub1 left) (cons y all))))))

(define counts (make-hash))
(for ([number numbers])
  (hash-update! counts (modulo number 1000) add1 0))
(define key
  (first (sort (hash-keys counts)
               (lambda (a b)
                 (define-values (of-a of-b) (values (hash-ref counts a) (hash-ref counts b)))
                 (or (> of-a of-b) (and (= of-a of-b) (< a b)))))))

(define checksum
  (for/fold ([sum 0]) ([number numbers] [n (in-naturals)])
    (modulo (+ sum (* number (modulo n 7))) 1000003)))
(define looped
  (for/sum ([i (in-range 1 200001)])
    (modulo (* (modulo i 7) (modulo i 7)) 7)))

(printf "sorted ~a ~a ~a\n" (vector-ref numbers 0) (vector-ref numbers 2500) (vector-ref numbers 4999))
(printf "distinct ~a\n" (hash-count counts))
(printf "most ~a ~a\n" key (hash-ref counts key))
(printf "checksum ~a\n" checksum)
(printf "loop ~a\n" looped)
