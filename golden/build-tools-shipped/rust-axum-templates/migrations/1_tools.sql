create table tools (id int);
