// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import org.junit.jupiter.api.Test;

class LibvirtBalloonTest {
    private static String domain(String balloon) {
        return "<domain><devices><disk/>" + balloon + "</devices></domain>";
    }

    @Test
    void theIntervalIsThatOfTheXml() throws Exception {
        assertThat(LibvirtBalloon.period(domain("<memballoon model='virtio'><stats period='10'/></memballoon>")))
                .isEqualTo(10);
    }

    @Test
    void withoutAnIntervalNothingIsTold() throws Exception {
        assertThat(LibvirtBalloon.period(domain("<memballoon model='virtio'/>")))
                .isZero();
        assertThat(LibvirtBalloon.period(domain(""))).isZero();
        assertThat(LibvirtBalloon.period("<domain/>")).isZero();
    }

    @Test
    void anIntervalThatIsNoneIsLibvirtsFault() {
        assertThatThrownBy(() -> LibvirtBalloon.period(domain("<memballoon><stats period='often'/></memballoon>")))
                .isInstanceOf(HypervisorException.class);
    }
}
