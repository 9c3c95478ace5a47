// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NamedPathsTest {
    private static Path[] paths(String... texts) {
        return java.util.Arrays.stream(texts).map(Path::of).toArray(Path[]::new);
    }

    @Test
    void findsEveryPathThatADomainCanNeed() throws Exception {
        String xml =
                """
                <domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
                  <name>/not/a/path/but/kept</name>
                  <title>/passed/over</title>
                  <metadata><app file='/passed/over/too'/></metadata>
                  <os><loader type='pflash'>/fw/code.fd</loader><nvram template='/fw/vars.fd'>/vm/nvram</nvram>
                    <kernel>/vm/kernel</kernel><initrd> /vm/initrd </initrd><dtb>/vm/dtb</dtb>
                    <acpi><table type='slic'>/vm/slic</table></acpi></os>
                  <devices>
                    <disk type='file'><source file='/vm/top'><dataStore><source file='/vm/data'/></dataStore></source>
                      <backingStore type='file'><source file='/vm/base'/><backingStore/></backingStore>
                      <mirror type='file'><source file='/vm/mirror'/></mirror><target dev='/dev/guest'/></disk>
                    <disk type='block'><source dev='/dev/vg/lv'/></disk>
                    <filesystem type='mount'><source dir='/srv/shared'/><target dir='/mnt'/></filesystem>
                    <serial type='file'><source path='/vm/log'/><log file='/vm/log2'/></serial>
                  </devices>
                  <qemu:commandline><qemu:arg value='-drive'/><qemu:arg value='if=none,file=/vm/hidden,id=x'/></qemu:commandline>
                </domain>
                """;
        assertThat(NamedPaths.in(xml))
                .containsExactlyInAnyOrder(paths(
                        "/not/a/path/but/kept",
                        "/fw/code.fd",
                        "/fw/vars.fd",
                        "/vm/nvram",
                        "/vm/kernel",
                        "/vm/initrd",
                        "/vm/dtb",
                        "/vm/slic",
                        "/vm/top",
                        "/vm/data",
                        "/vm/base",
                        "/vm/mirror",
                        "/dev/vg/lv",
                        "/srv/shared",
                        "/vm/log",
                        "/vm/log2",
                        "/vm/hidden"));
    }

    @Test
    void readsSnapshotsToo() throws Exception {
        assertThat(NamedPaths.in("<domainsnapshot><name>s1</name><disks><disk name='vda' snapshot='external'>"
                        + "<source file='/vm/s1'/></disk></disks><domain><devices><disk><source file='/vm/base'/></disk>"
                        + "</devices></domain></domainsnapshot>"))
                .containsExactlyInAnyOrder(paths("/vm/s1", "/vm/base"));
    }
}
