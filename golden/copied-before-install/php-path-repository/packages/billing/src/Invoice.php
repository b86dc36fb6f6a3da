<?php

namespace Acme\Billing;

final class Invoice
{
}
