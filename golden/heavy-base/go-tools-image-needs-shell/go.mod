module buoy

go 1.21
