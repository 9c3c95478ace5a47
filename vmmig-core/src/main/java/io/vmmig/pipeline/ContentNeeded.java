// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.VmmigException;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.report.Notice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists what a package needs and does not hold, so that its owner knows what else to keep. */
record ContentNeeded(Departure departure, List<Notice> notices) {
    /** What a stored package needs besides itself. */
    static List<Notice> of(Agreement agreement) throws VmmigException {
        Departure departure = agreement.departure();
        Manifest manifest = agreement.manifest();
        ContentNeeded needed = new ContentNeeded(departure, new ArrayList<>());
        for (Manifest.Disk disk : manifest.disks()) {
            needed.addBase(disk);
        }
        if (agreement.leavesOut(manifest.kernel())) {
            needed.addBootFile("kernel", departure.domain().kernel().orElse(null), manifest.kernel());
        }
        if (agreement.leavesOut(manifest.ramdisk())) {
            needed.addBootFile("ramdisk", departure.domain().ramdisk().orElse(null), manifest.ramdisk());
        }
        for (Manifest.Reference reference : manifest.references()) {
            if (reference.kind() == Manifest.Reference.Kind.PACKAGE) {
                needed.add(
                        reference.digest().toString(),
                        "the package refers to the earlier package whose seal has the digest " + reference.digest(),
                        "Keep that one for as long as this, with all that it refers to itself; both are named to restore"
                                + " this.");
            }
        }
        return List.copyOf(needed.notices);
    }

    private void addBase(Manifest.Disk disk) {
        Manifest.Base base = disk.base();
        DiskChain.Image image = departure.baseImage(disk);
        if (base != null && image != null && !base.included()) {
            add(
                    image.path().toString(),
                    "disk " + disk.target() + " is based on " + image.path() + " ("
                            + base.format().word() + ", " + base.content().bytes() + " bytes, "
                            + base.content().digest() + "), which is not in the package",
                    "Keep that file unchanged for as long as the package; a host that does not have it needs a copy, added"
                            + " with ImageStore.add. Or include it, with Migrator.withBaseImages.");
        }
    }

    private void addBootFile(String what, @Nullable Path file, Manifest.@Nullable Content content) {
        if (file != null && content != null) {
            add(
                    file.toString(),
                    "the package leaves its " + what + " " + file + " (" + content.digest() + ") to an earlier package",
                    "Keep the earlier packages for as long as this one.");
        }
    }

    private void add(String subject, String text, String remedy) {
        notices.add(new Notice(Notice.Kind.CONTENT_NEEDED, subject, text, remedy));
    }
}
