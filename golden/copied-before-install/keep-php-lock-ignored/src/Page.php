<?php

namespace Acme\Shelf;

final class Page
{
    public function render(): string
    {
        return "shelf";
    }
}
