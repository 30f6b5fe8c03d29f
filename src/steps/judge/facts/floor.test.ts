import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asked, fakeFinder, WORKSPACE } from "./testing.ts";

const find = fakeFinder();

const DESTROYS = `
rm -rf / | rm -fr / | rm -r -f / | rm --recursive --force / | rm -rf /* | rm -rf -- / | rm -rf // | rm -rf /./ | rm -rf /../
rm -rf ~ | rm -rf ~/* | rm -rf "$HOME" | rm -rf \${HOME}/ | rm -rf .. | rm -rf ../.. | rm -rf * | rm -rf ./* | rm -rf .[!.]* *
rm -rf /etc | rm -rf /usr/* | rm -rf --no-preserve-root / | cd / && rm -rf . | cd ~; rm -rf * | \\rm -rf / | /bin/rm -rf /
command rm -rf / | env rm -rf / | busybox rm -rf / | xargs rm -rf <<< / | sh -c 'rm -rf /' | eval 'rm -rf /'
find / -delete | find / -exec rm {} \\; | find ~ -delete | find / -type f -delete | find / -mindepth 1 -delete
dd if=/dev/zero of=/dev/sda | dd of=/dev/nvme0n1 < x | mkfs /dev/sda | mkfs.xfs /dev/sdb | : > /dev/sda | cat x > /dev/vda1
tee /dev/sda < x | cp x /dev/mapper/root | shred /dev/sda | wipefs -a /dev/sda | fdisk /dev/sda | blkdiscard /dev/sda
chmod -R 777 / | chmod 777 / | chmod -R 000 / | chmod 777 . | chmod -R a+rwx ~ | chmod 0777 /etc | chown -R me / | setfacl -R -m o::rwx /
mv / x | mv ~ x | mv /* x | rsync -a --delete empty/ / | rsync -a --delete empty/ ~/
:(){ :|:& };: | f(){ f|f& };f | bomb() { bomb & bomb & }; bomb
shutdown -h now | reboot | systemctl poweroff | init 0 | kill -9 -1 | kill -KILL -1 | killall5 | zpool destroy tank | nvme format /dev/nvme0
`;

const RAISES = `
sudo ls | sudo -n ls | sudo -u root id | sudoedit x | su | su - | su -c id | doas ls | pkexec ls | run0 ls | runuser -u root id
machinectl shell | systemd-run ls | nsenter -t 1 -m id | unshare -r id | chroot / id | setpriv --reuid 0 id | setcap cap_setuid+ep x
chmod u+s x | chmod +s x | chmod 4755 x | chmod 04755 x | chmod 6755 x | chmod u=rwxs x | install -m 4755 x y | install -m u+s x y
mount /dev/sda /mnt | umount / | insmod x.ko | useradd x | usermod -aG sudo me | visudo | newgrp root | systemctl start x | service x restart
docker run --privileged x | docker run -v /:/host x | podman run --pid=host x | docker run -v /var/run/docker.sock:/s x
env sudo id | sh -c 'sudo ls' | xargs sudo | find . -exec sudo ls {} + | x=sudo; $x ls | s=su; \${s}do ls | 'su'do ls | /usr/bin/sudo ls
`;

const HONEST = `
rm -rf build | rm -rf ./build/* | rm -rf /tmp/x | rm -rf ${WORKSPACE}/sub | rm -rf sub/../sub | rm *.txt | rm -f ~/vambrace/x | rm -r sub/node_modules
find . -name '*.o' -delete | find sub -delete | find /tmp/x -delete | find / -name x | chmod -R 755 sub | chmod 644 a.txt | chmod +x a.txt
chmod 1777 sub | chmod 0755 x | chmod a+r x | dd if=a of=b | git clean -fdx | mv a b | mv sub/* . | mv ~/vambrace/a b | ls / | ls -la ~
sudo --version | man sudo | which sudo | echo sudo rm -rf / | grep sudo x | echo 'rm -rf /' > note.txt | mount | mount -l
systemctl --version | systemctl status x | systemctl list-units | service x status | kill 123 | kill -1 123 | tee x | cp a b | chown me a
chgrp -R staff sub | install -m 755 x y | tar xf a -C sub | echo hi > /dev/null | shred sub/x | rsync -a --delete a/ b/ | fdisk -l
f() { ls | wc -l; }; f | ls & wait | docker ps | docker run --rm -v data:/data x | id; groups
`;

/** One a line or between bars with blanks; a pipe has none on one side. */
function each(list: string): readonly string[] {
  return list
    .split(/\n| \| /)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

for (const command of each(DESTROYS)) {
  test(`R-EXEC-3: \`${command}\` is destruction`, async () => {
    assert.equal((await find(command, asked())).destructive, true);
  });
}

for (const command of each(RAISES)) {
  test(`R-EXEC-3: \`${command}\` is raising privilege`, async () => {
    const { privileged } = await find(command, asked());
    assert.equal(privileged, true);
  });
}

for (const command of each(HONEST)) {
  test(`R-EXEC-3: \`${command}\` is neither`, async () => {
    const { destructive, privileged } = await find(command, asked());
    assert.deepEqual([destructive, privileged], [false, false]);
  });
}

test("R-EXEC-3: no wrapper and no list takes the floor away", async () => {
  const around = fc.constantFrom(
    "%",
    "env %",
    "nice -n 5 %",
    "timeout 5 %",
    "command %",
    "sh -c '%'",
    "bash -lc '%'",
    "eval '%'",
    "f() { %\n}; f",
    "if true; then %\nfi",
    "echo $(%)",
    "trap '%' EXIT",
    "find . -exec % \\;",
    "git -c alias.x='!%' x",
    "ssh host '%'",
    "echo '%' | sh",
    "true && % &",
    'x=(%); "${x[@]}"',
  );
  const outside = fc.constantFrom("sh -c '%'", "eval '%'", "f() { %\n}; f", "if true; then %\nfi", "echo $(%)", "(%)");
  const core = fc.constantFrom("rm -rf /", "sudo id", "mkfs.ext4 /dev/sda", "chmod 4755 a.txt");
  await fc.assert(
    fc.asyncProperty(fc.array(outside, { maxLength: 1 }), around, core, async (outer, inner, floor) => {
      const once = inner.replace("%", () => floor);
      const text = outer.length === 0 || /'|^x=/.test(once) ? once : (outer[0] ?? "%").replace("%", () => once);
      const allow = ["rm", "sudo", "mkfs.ext4", "chmod", floor, "env", "sh", "bash", "find", "git", "ssh"];
      const facts = await find(text, asked(allow));
      assert.ok(facts.destructive || facts.privileged, text);
    }),
  );
});
