// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.ImageFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images as QEMU's own tools make them, moved, and judged by the same tools. */
class QemuImagesIT {
    @TempDir
    private Path source;

    @TempDir
    private Path destination;

    private Qemu qemu;

    @BeforeEach
    void makeBase() throws Exception {
        qemu = new Qemu(source);
        qemu.img("create -q -f raw base.raw 8M");
        qemu.write("base.raw", "raw", "write -P 0x11 0 3M");
        qemu.img("convert -q -f raw -O qcow2 base.raw base.qcow2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=1.1",
                "compat=0.10",
                "compat=1.1,compression_type=zstd",
                "compat=1.1,extended_l2=on",
                "compat=1.1,lazy_refcounts=on",
                "compat=1.1,refcount_bits=64",
                "cluster_size=512",
                "cluster_size=1k",
                "cluster_size=4k",
                "cluster_size=128k",
                "cluster_size=2M",
                "compat=0.10,cluster_size=512"
            })
    void anOverlayArrivesAsItWas(String options) throws Exception {
        for (String base : new String[] {"raw", "qcow2"}) {
            String top = "top-" + base;
            qemu.img("create -q -f qcow2 -o " + options + " -b base." + base + " -F " + base + " " + top);
            qemu.write(top, "qcow2", "write -P 0x22 1M 1M");
            qemu.write(top, "qcow2", "write -P 0x33 6M 64k");
            qemu.write(top, "qcow2", "write -c -P 0x44 4M 2M");
            Path there = Files.createDirectory(destination.resolve(base));
            requireSame(source.resolve(top), Move.of(source.resolve(top), ImageFormat.QCOW2, there));
        }
    }

    @Test
    void aDeepChainArrivesAsItWas() throws Exception {
        qemu.img("create -q -f qcow2 -b base.qcow2 -F qcow2 middle");
        qemu.write("middle", "qcow2", "write -P 0x22 1M 1M");
        qemu.img("create -q -f qcow2 -b middle -F qcow2 top 16M");
        qemu.write("top", "qcow2", "write -P 0x33 2M 1M");
        requireSame(source.resolve("top"), Move.of(source.resolve("top"), ImageFormat.QCOW2, destination));
    }

    /** Compares what a guest would see, and has QEMU look over the image itself. */
    private void requireSame(Path original, Path arrived) throws Exception {
        assertThat(qemu.img("compare -f qcow2 -F qcow2 " + original + " " + arrived))
                .contains("identical");
        assertThat(qemu.img("check -f qcow2 " + arrived)).contains("No errors");
    }
}
