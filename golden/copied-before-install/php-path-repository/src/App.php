<?php

namespace Acme\Suite;

final class App
{
}
