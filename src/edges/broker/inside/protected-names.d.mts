export declare function isProtectedName(name: string): boolean;
export declare function isGitFolderName(name: string): boolean;
export declare function isProtectedInGit(name: string): boolean;
export declare function isProtectedPath(path: string): boolean;
export declare function plainName(name: string): string;
