/** How to reach the gateway from elsewhere without opening it to a network. @module */
import type { HostFactsForRules } from "./host.ts";

export function bindingGuide({ port }: HostFactsForRules): string {
  return `# Reach the gateway from elsewhere

The gateway stays on loopback (\`gateway.bind: loopback\`); something that knows who you are brings you there.

## SSH

    ssh -N -L ${port}:127.0.0.1:${port} you@machine

## Tailscale

\`tailscale serve\` ends TLS on this machine and speaks to loopback; only your tailnet reaches it. Never \`tailscale funnel\`, which is the internet.

    tailscale serve --bg https / http://127.0.0.1:${port}

In \`config.yaml\`, with the name that \`tailscale status\` prints:

    gateway:
      allowedHosts: [machine.tailnet-name.ts.net]
      trustedProxies: [127.0.0.1]

## WireGuard

Listen on the address of the interface only, with a proxy that ends TLS in front; nothing listens on any other:

    gateway:
      mode: remote
      bind: custom
      customBindHost: 10.8.0.1     # this machine inside of the tunnel
      trustedProxies: [10.8.0.1]
      allowedHosts: [agent.example.org]

and let the firewall take the port from the tunnel alone:

    nft add rule inet vambrace input iifname "wg0" tcp dport ${port} accept   # before the drop

Then look at what really listens: \`vambrace security audit\` asks the kernel.
`;
}
