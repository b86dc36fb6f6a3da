<?php

require __DIR__ . "/../vendor/autoload.php";

echo (new Acme\Shelf\Page())->render();
