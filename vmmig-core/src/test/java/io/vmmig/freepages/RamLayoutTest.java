// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RamLayoutTest {
    private static final long MIB = 1 << 20;
    private static final long GIB = 1L << 30;

    @ParameterizedTest
    @CsvSource({
        "pc-q35-7.2, 2048, 0",
        "pc-q35-7.2, 2815, 0",
        "pc-q35-7.2, 2816, 2048",
        "q35, 8192, 2048",
        "pc-i440fx-7.2, 3583, 0",
        "pc-i440fx-7.2, 3584, 3072",
        "pc, 8192, 3072"
    })
    void aLargePcHasTheRestFrom4GibOn(String machine, long mib, long low) throws Doubt {
        RamLayout layout = RamLayout.of("x86_64", machine, mib * MIB);

        assertThat(layout.split()).isEqualTo(low > 0);
        assertThat(layout.end()).isEqualTo(low > 0 ? 4 * GIB + (mib - low) * MIB : mib * MIB);
        assertThat(layout.holds(0xa0000, 1)).isFalse();
        assertThat(layout.holds(MIB, 16 * MIB)).isTrue();
        FreeBlocks blocks = new FreeBlocks(layout);
        if (low > 0) {
            assertThat(layout.holds(low * MIB, 1)).isFalse();
            assertThat(blocks.add(4 * GIB >> 12, 1)).isTrue();
            assertThat(blocks.holds("pc.ram", low * MIB)).isTrue();
            assertThat(blocks.count()).isEqualTo(1);
        }
        assertThat(blocks.add(layout.end() - 4096 >> 12, 2)).isFalse();
    }

    @Test
    void aVirtMachineHasItFrom1GibOn() throws Doubt {
        RamLayout layout = RamLayout.of("aarch64", "virt-7.2", 256 * MIB);
        FreeBlocks blocks = new FreeBlocks(layout);

        assertThat(blocks.add(GIB + 8192 >> 12, 1)).isTrue();
        assertThat(blocks.add(0, 1)).isFalse();
        assertThat(blocks.holds("mach-virt.ram", 8192)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"x86_64, microvm, 256", "s390x, s390-ccw-virtio, 256", "x86_64, pc-q35-7.2, 8", "x86_64, q35, 9999999"})
    void othersAreRefused(String architecture, String machine, long mib) {
        assertThatThrownBy(() -> RamLayout.of(architecture, machine, mib * MIB)).isInstanceOf(Doubt.class);
    }
}
