// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.qcow2.DiskChain;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The paused guest's XML and its disks, which are final. */
final class Disks implements Round {
    private final Agreement agreement;
    private final Domain domain;
    private final FileHoles holes;
    private final Recorder recorder;

    /**
     * The guest as it was saved.
     *
     * @param xml its live XML
     * @param cookie libvirt's cookie, or null
     * @param definition what its next start uses, or null if that is the live XML
     * @param record what is known of it outside of its XML
     */
    record Domain(String xml, @Nullable String cookie, @Nullable String definition, GuestRecord record) {}

    Disks(Agreement agreement, Domain domain, FileHoles holes, Recorder recorder) {
        this.agreement = agreement;
        this.domain = domain;
        this.holes = holes;
        this.recorder = recorder;
    }

    @Override
    public void send(PackageWriter writer) throws IOException, VmmigException {
        writer.writeDomain(domain.xml(), domain.cookie(), domain.definition(), domain.record());
        for (Map.Entry<String, DiskChain> disk : agreement.departure().chains().entrySet()) {
            DiskChain chain = disk.getValue();
            Digest base = baseOf(disk.getKey());
            for (int i = 0; i < chain.layers().size(); i++) {
                try (InputStream in = new CountingInput(chain.open(i, base, holes), recorder::moved)) {
                    writer.writeDiskLayer(disk.getKey(), i, in);
                }
            }
        }
    }

    private @Nullable Digest baseOf(String target) {
        return agreement.manifest().disks().stream()
                .filter(disk -> disk.target().equals(target))
                .findFirst()
                .map(Manifest.Disk::base)
                .map(base -> base.content().digest())
                .orElse(null);
    }
}
