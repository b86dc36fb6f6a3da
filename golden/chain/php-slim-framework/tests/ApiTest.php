<?php

use PHPUnit\Framework\TestCase;

final class ApiTest extends TestCase {}
