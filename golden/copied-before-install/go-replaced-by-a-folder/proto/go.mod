module example.org/chat/proto

go 1.22
