5000 constant many
create values many cells allot
: value-at ( n -- address )  cells values + ;
: following ( x -- x' )  3877 * 29573 + 139968 mod ;
: generate ( -- )  42 many 0 do following dup i value-at ! loop drop ;

: exchange ( a b -- )  dup @ >r over @ swap ! r> swap ! ;
: partition ( low high -- low high right left )
  2dup over - 2/ [ 1 cells negate ] literal and + @ >r
  2dup begin
    swap begin dup @ r@ < while cell+ repeat
    swap begin r@ over @ < while 1 cells - repeat
    2dup <= if 2dup exchange >r cell+ r> 1 cells - then
  2dup > until r> drop ;
: sort ( low high -- )
  partition swap rot
  2dup < if recurse else 2drop then
  2dup < if recurse else 2drop then ;

\ Slots of a key and a count, found by open addressing; a count of zero is a free slot.
2048 constant slots
create counts slots 2* cells allot
counts slots 2* cells erase
: slot ( n -- address )  slots mod 2* cells counts + ;
: >count ( slot -- address )  cell+ ;
: fits? ( key n -- flag )  slot dup >count @ 0= swap @ rot = or ;
: slot-of ( key -- slot )  dup 40503 * begin 2dup fits? 0= while 1+ repeat nip slot ;
: counted ( key -- )  dup slot-of tuck ! >count 1 swap +! ;

variable key-of-most  variable most  variable distinct
: more? ( key count -- flag )
  dup most @ > -rot most @ = swap key-of-most @ < and or ;
: weigh ( key count -- )
  dup if 1 distinct +! then
  2dup more? if most ! key-of-most ! else 2drop then ;
: weigh-all ( -- )  slots 0 do i slot dup @ swap >count @ weigh loop ;

: checksum ( -- sum )  0 many 0 do i value-at @ i 7 mod * + 1000003 mod loop ;
: looped ( -- sum )  0 200001 1 do i 7 mod dup * 7 mod + loop ;
: .number ( n -- )  space 0 .r ;

: main ( -- )
  generate 0 value-at many 1- value-at sort
  many 0 do i value-at @ 1000 mod counted loop
  weigh-all
  ." sorted" 0 value-at @ .number 2500 value-at @ .number many 1- value-at @ .number cr
  ." distinct" distinct @ .number cr
  ." most" key-of-most @ .number most @ .number cr
  ." checksum" checksum .number cr
  ." loop" looped .number cr ;
main bye
