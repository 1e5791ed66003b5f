println 'hello'
def numbers = [1, 2
if (true {
