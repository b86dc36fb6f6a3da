<?php

namespace Acme\Api;

use Faker\Factory;
