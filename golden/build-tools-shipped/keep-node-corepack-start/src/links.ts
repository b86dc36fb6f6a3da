import slugify from "@sindresorhus/slugify";

export class Links {
  private readonly targets = new Map<string, string>();

  add(title: string, target: string): void {
    this.targets.set(slugify(title), target);
  }

  get(name: string): string | undefined {
    return this.targets.get(name);
  }

  names(): string[] {
    return [...this.targets.keys()];
  }
}
