/** How to reach the gateway from elsewhere without opening it to a network. @module */
import type { HostFactsForRules } from "./host.ts";

export function bindingGuide(facts: HostFactsForRules): string {
  return [withoutNetwork(facts), wireguard(facts), LOOK].join("\n");
}

function withoutNetwork({ port }: HostFactsForRules): string {
  return `# Reach the gateway from elsewhere

The gateway stays on loopback (\`gateway.bind: loopback\`); something that knows who you are brings you there.

## SSH

    ssh -N -L ${port}:127.0.0.1:${port} you@machine

## Tailscale

\`tailscale serve\` ends TLS on this machine and speaks to loopback; only your tailnet reaches it. Never \`tailscale funnel\`, which is the internet.

    tailscale serve --bg ${port}
    tailscale serve status          # "tailnet only" has to stand there

In \`config.yaml\`, with the name that \`tailscale status\` prints:

    gateway:
      allowedHosts: [machine.tailnet-name.ts.net]
      trustedProxies: [127.0.0.1]
`;
}

function wireguard({ port }: HostFactsForRules): string {
  return `## WireGuard

The gateway stays on loopback. A proxy that ends TLS listens on this machine's address inside of the tunnel (here 10.8.0.1) and on no other,
and hands on to \`http://127.0.0.1:${port}\`. Of Caddy:

    agent.example.org {
      bind 10.8.0.1
      tls internal
      reverse_proxy 127.0.0.1:${port}
    }

In \`config.yaml\`:

    gateway:
      allowedHosts: [agent.example.org]
      trustedProxies: [127.0.0.1]

The firewall lets nobody reach the proxy but through the tunnel (\`insert\`: before what is there; \`add\` would come behind it and count for nothing):

    nft insert rule inet vambrace input iifname != "wg0" tcp dport 443 counter drop
    nft insert rule inet vambrace input iif "lo" accept

## The tunnel's own address

Where the proxy is on another machine of the tunnel (here 10.8.0.2), the gateway has to listen there, and on no other address:

    gateway:
      mode: remote
      bind: custom
      customBindHost: 10.8.0.1     # this machine inside of the tunnel
      trustedProxies: [10.8.0.2]
      allowedHosts: [agent.example.org]

    nft insert rule inet vambrace input iifname "wg0" ip saddr 10.8.0.2 tcp dport ${port} accept

Such a rule is gone when the table is loaded again: write it into \`nftables-vambrace.nft\` too, before the drop.
`;
}

const LOOK = `## Look

Then look at what really listens: \`vambrace security audit\` asks the kernel, and \`check.sh\` whether the rules hold.
`;
