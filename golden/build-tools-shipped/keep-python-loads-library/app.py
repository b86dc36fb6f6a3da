from ctypes import CDLL

magic = CDLL("libmagic.so.1")
