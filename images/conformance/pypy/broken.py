print("hello")
if True
    print("hello again"
