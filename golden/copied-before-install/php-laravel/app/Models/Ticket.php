<?php

namespace App\Models;

class Ticket
{
}
