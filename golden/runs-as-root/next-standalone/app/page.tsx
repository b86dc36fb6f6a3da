import type { Metadata } from "next";

export const metadata: Metadata = { title: "Storefront" };

export default function Page() {
  return <main>Open</main>;
}
