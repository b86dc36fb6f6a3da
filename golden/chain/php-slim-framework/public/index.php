<?php

use Slim\Factory\AppFactory;

require __DIR__ . '/../vendor/autoload.php';

// Faker\Generator made the first data
AppFactory::create()->run();
