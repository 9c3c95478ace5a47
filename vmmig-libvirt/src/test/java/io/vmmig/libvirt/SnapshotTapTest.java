// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotTapTest {
    @Test
    void memoryIsTakenAndNoDiskIs() throws Exception {
        String xml = SnapshotTap.snapshotXml(Path.of("/tmp/it's <a> fifo"), List.of("vda", "sdb"));
        assertThat(xml)
                .isEqualTo(
                        "<domainsnapshot><memory snapshot='external' file='/tmp/it&apos;s &lt;a> fifo'/>"
                                + "<disks><disk name='vda' snapshot='no'/><disk name='sdb' snapshot='no'/></disks></domainsnapshot>");
        assertThat(Xml.parse(xml).getTagName()).isEqualTo("domainsnapshot");
    }
}
