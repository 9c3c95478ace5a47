// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Problem;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MovableDomainTest {
    @Test
    void anOrdinaryGuestCanMove() throws Exception {
        assertThat(MovableDomain.obstaclesOf(DomainXml.parse(Domains.web1()))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<hostdev mode='subsystem' type='pci'/> | DEVICE_CANNOT_MOVE | hostdev",
                "<interface type='user'><model type='virtio'/></interface> | DEVICE_CANNOT_MOVE | slirp",
                "<interface type='direct'/> | DEVICE_CANNOT_MOVE | type direct",
                "<tpm model='tpm-crb'/> | DEVICE_CANNOT_MOVE | TPM",
                "<filesystem type='mount'/> | DEVICE_CANNOT_MOVE | file system",
                "<quantumdevice/> | DEVICE_CANNOT_MOVE | quantumdevice",
                "<disk type='network' device='disk'><target dev='vdb'/></disk> | DISK_UNSUPPORTED | type network",
                "<disk type='block' device='disk'><target dev='vdb'/></disk> | DISK_UNSUPPORTED | type block",
                "<disk type='file'><target dev='vdb'/><encryption/></disk> | DISK_UNSUPPORTED | encrypted",
                "<disk type='file'><target dev='vdb'/><transient/></disk> | DISK_UNSUPPORTED | transient",
                "<serial type='tcp'/> | DEVICE_CANNOT_MOVE | serial of type tcp",
                "<channel type='unix'><source mode='connect' path='/x'/></channel> | DEVICE_CANNOT_MOVE | channel",
                "<rng model='virtio'><backend model='random'>/etc/shadow</backend></rng> | DEVICE_CANNOT_MOVE | random"
            })
    void namesWhatCannotMove(String device, Problem problem, String words) throws Exception {
        String xml = Domains.web1().replace("</devices>", device + "</devices>");
        List<Obstacle> obstacles = MovableDomain.obstaclesOf(DomainXml.parse(xml));
        assertThat(obstacles).hasSize(1);
        assertThat(obstacles.get(0).problem()).isEqualTo(problem);
        assertThat(obstacles.get(0).what()).contains(words);
        assertThat(obstacles.get(0).remedy()).isNotBlank();
    }

    @Test
    void commandLinesPastLibvirtCannotMove() throws Exception {
        String xml = Domains.web1()
                .replace(
                        "</domain>",
                        "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
                                + "<qemu:arg value='-s'/></qemu:commandline></domain>");
        assertThat(MovableDomain.obstaclesOf(DomainXml.parse(xml)))
                .extracting(Obstacle::problem)
                .containsExactly(Problem.DOMAIN_UNSUPPORTED);
    }

    @Test
    void firmwareWithVariablesCannotMove() throws Exception {
        String xml = Domains.web1().replace("<kernel>", "<nvram>/x.fd</nvram><kernel>");
        assertThat(MovableDomain.obstaclesOf(DomainXml.parse(xml)))
                .extracting(Obstacle::problem)
                .containsExactly(Problem.DEVICE_CANNOT_MOVE);
    }
}
