<?php file_put_contents("/etc/shop.conf", "x");
