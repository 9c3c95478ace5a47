// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibvirtUriTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"qemu:///system", "qemu:///session", "qemu+unix:///system?socket=/run/libvirt/libvirt-sock"})
    void daemonsOfThisMachineAreAccepted(String uri) throws Exception {
        assertThat(LibvirtUri.parse(uri).embeddedRoot()).isEmpty();
    }

    @Test
    void theRootOfAnEmbeddedDriverIsFound() throws Exception {
        assertThat(LibvirtUri.parse("qemu:///embed?root=/var/lib/my%20tool").embeddedRoot())
                .contains(Path.of("/var/lib/my tool"));
    }

    @Test
    void whatToDoWithoutLibvirtFitsTheWayToIt() throws Exception {
        LibvirtUri embedded = LibvirtUri.parse("qemu:///embed?root=/srv/tool");
        assertThat(embedded.remedyIfUnreachable())
                .contains("no other process uses /srv/tool", "/srv/tool/log/libvirt-embedded.log")
                .doesNotContain("libvirtd");
        assertThat(embedded.qemuLog("web-1")).isEqualTo("/srv/tool/log/qemu/web-1.log");
        LibvirtUri daemon = LibvirtUri.parse("qemu:///system");
        assertThat(daemon.remedyIfUnreachable()).contains("libvirtd", "this user may use qemu:///system");
        assertThat(daemon.qemuLog("web-1")).isEqualTo("/var/log/libvirt/qemu/web-1.log");
        assertThat(LibvirtUri.parse("qemu:///session").qemuLog("web-1")).startsWith("~/.cache/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qemu+ssh://host/system", "qemu+tcp://host/system", "qemu://host/system", "xen:///system",
                "qemu:///embed", "qemu:///embed?root=relative", "no uri at all", "qemu+unix://host/system"
            })
    void allElseIsRefused(String uri) {
        assertThatThrownBy(() -> LibvirtUri.parse(uri))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.REQUEST_INVALID));
    }
}
