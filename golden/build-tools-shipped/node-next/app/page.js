export default function Page() {
  return <h1>Recipes of the week</h1>;
}
