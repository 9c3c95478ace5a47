// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Jazzer cannot instrument records that the signatures here would load before it comes to work. */
class DomainFuzzTest {
    static Stream<byte[]> domains() {
        return Stream.of("web-1.xml", "samples/virt-install-spice.xml", "samples/windows-vnc.xml")
                .map(name -> Domains.resource(name).getBytes(StandardCharsets.UTF_8));
    }

    /** What is adapted is what its text says, is allowed, and can be adapted again. */
    @MethodSource("domains")
    @FuzzTest
    void domainXml(byte[] xml) throws Exception {
        try {
            DomainXml saved = DomainXml.parse(new String(xml, StandardCharsets.UTF_8));
            AdaptedDomain adapted = Domains.adapted(saved);
            assertThat(DomainXml.parse(adapted.domain().text()).text())
                    .isEqualTo(adapted.domain().text());
            assertThat(DomainPolicy.standard().obstaclesOf(adapted.domain())).isEmpty();
            assertThat(adapted.domain().disks())
                    .allSatisfy(disk -> assertThat(disk.file().toString()).startsWith("/vm/"));
            assertThat(Domains.adapted(adapted.domain()).domain().disks())
                    .isEqualTo(adapted.domain().disks());
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> definitions() {
        String running = Domains.web1();
        return Stream.of(
                        running,
                        running.replaceAll("<(kernel|initrd)>.*?</\\1>", ""),
                        running.replace("dev='vda' bus='virtio'", "dev='sda' bus='sata'"))
                .map(xml -> xml.getBytes(StandardCharsets.UTF_8));
    }

    /** What waits for the guest's next start may be anything: it becomes that of this guest, with files of this host. */
    @MethodSource("definitions")
    @FuzzTest
    void definition(byte[] xml) throws Exception {
        DomainXml live = DomainXml.parse(Domains.web1());
        AdaptedDomain running = Domains.adapted(live);
        try {
            DomainDefinition definition =
                    DomainDefinition.of(new String(xml, StandardCharsets.UTF_8), live, DomainPolicy.standard());
            DomainXml adapted = DomainAdapter.adapt(
                            definition,
                            running,
                            Domains.host(live.machine()),
                            DomainSettings.asSaved().keepingNetworks(),
                            Domains.files("/vm"),
                            DomainPolicy.standard())
                    .domain();
            assertThat(adapted.name()).isEqualTo(live.name());
            assertThat(adapted.uuid()).isEqualTo(live.uuid());
            assertThat(adapted.disks())
                    .allSatisfy(disk -> assertThat(disk.file().toString()).startsWith("/vm/"));
            assertThat(DomainPolicy.standard().obstaclesOf(adapted)).isEmpty();
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** The seeds are no refusals. */
    @Test
    void aDefinitionMayHaveTheDisksUnderOtherNamesAndNoKernel() throws Exception {
        DomainXml live = DomainXml.parse(Domains.web1());
        for (byte[] xml : definitions().toList()) {
            assertThat(DomainDefinition.of(new String(xml, StandardCharsets.UTF_8), live, DomainPolicy.standard())
                            .obstacles())
                    .isEmpty();
        }
    }

    static Stream<byte[]> cookies() {
        return Stream.of(
                "<cookie/>".getBytes(StandardCharsets.UTF_8),
                ("<cookie><cpu mode='custom' match='exact' check='full'><model fallback='forbid'>qemu64</model>"
                                + "<feature policy='require' name='lahf_lm'/></cpu><slirpHelper/></cookie>")
                        .getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("cookies")
    @FuzzTest
    void cookie(byte[] xml) {
        try {
            String cookie = DomainPolicy.standard().cookie(new String(xml, StandardCharsets.UTF_8));
            assertThat(DomainPolicy.standard().cookie(cookie)).isEqualTo(cookie);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
