// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DomainXmlTest {
    @Test
    void readsWhatAMigrationNeeds() throws Exception {
        DomainXml domain = DomainXml.parse(Domains.web1());

        assertThat(domain.name()).isEqualTo("web-1");
        assertThat(domain.uuid()).hasToString("e7c2bbfe-c15a-46e6-872f-91782ee36fc2");
        assertThat(domain.domainType()).isEqualTo("qemu");
        assertThat(domain.architecture()).isEqualTo("x86_64");
        assertThat(domain.machine()).isEqualTo("pc-q35-7.2");
        assertThat(domain.memoryBytes()).isEqualTo(256L << 20);
        assertThat(domain.vcpus()).isEqualTo(1);
        assertThat(domain.cpuModel()).contains("qemu64");
        assertThat(domain.kernel()).contains(Path.of("/srv/vm/vmlinuz"));
        assertThat(domain.ramdisk()).contains(Path.of("/srv/vm/initrd"));
        assertThat(domain.disks())
                .containsExactly(new DomainXml.Disk("vda", Path.of("/srv/vm/web-1/o.qcow2"), ImageFormat.QCOW2, false));
    }

    @Test
    void hasAllOfItsMemoryUnlessItSaysOtherwise() throws Exception {
        DomainXml domain = DomainXml.parse(Domains.web1());
        DomainXml less = DomainXml.parse(domain.withCurrentMemory(100 << 20).text());
        DomainXml silent =
                DomainXml.parse(Domains.web1().replace("<currentMemory unit='KiB'>262144</currentMemory>", ""));

        assertThat(domain.currentMemoryBytes()).isEqualTo(256L << 20);
        assertThat(less.currentMemoryBytes()).isEqualTo(100L << 20);
        assertThat(less.memoryBytes()).isEqualTo(256L << 20);
        assertThat(silent.currentMemoryBytes()).isEqualTo(256L << 20);
        assertThat(silent.withCurrentMemory(100 << 20).currentMemoryBytes()).isEqualTo(100L << 20);
    }

    @Test
    void survivesBeingWrittenAndReadAgain() throws Exception {
        DomainXml domain = DomainXml.parse(Domains.web1());
        DomainXml again = domain.rewritten();
        assertThat(again.rewritten().text()).isEqualTo(again.text());
        assertThat(again.disks()).isEqualTo(domain.disks());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "not xml",
                "<network/>",
                "<domain type='qemu'/>",
                "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain>&x;</domain>",
                "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x.dtd'><domain/>",
                "<domain><name>x</name><uuid>nonsense</uuid></domain>"
            })
    void refusesWhatIsNoDomain(String xml) {
        assertThatThrownBy(() -> DomainXml.parse(xml))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DOMAIN_UNSUPPORTED));
    }

    @Test
    void refusesSizesThatOverflow() {
        String xml = Domains.web1().replace("<memory unit='KiB'>262144", "<memory unit='TiB'>99999999999");
        assertThatThrownBy(() -> DomainXml.parse(xml).memoryBytes()).isInstanceOf(VmmigException.class);
    }

    @Test
    void damagedXmlGivesTheOneException() {
        Random random = new Random(1);
        String xml = Domains.web1();
        for (int i = 0; i < 2000; i++) {
            StringBuilder damaged = new StringBuilder(xml);
            for (int j = 0; j <= random.nextInt(4); j++) {
                damaged.setCharAt(random.nextInt(damaged.length()), (char) (32 + random.nextInt(95)));
            }
            try {
                DomainXml domain = DomainXml.parse(damaged.toString());
                domain.disks();
                DomainPolicy.standard().obstaclesOf(domain);
                new DomainAdapter(Domains.host("pc-q35-7.2"), DomainSettings.asSaved(), Domains.files("/vm"))
                        .adapt(domain);
            } catch (VmmigException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }
}
