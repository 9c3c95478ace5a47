// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.Problem;
import io.vmmig.json.Malformed;
import io.vmmig.xml.Xml;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Attr;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;

/** Finds what a table does not allow in a tree. For one tree. */
final class PolicyCheck {
    /** Limits the message to what a person can read. */
    private static final int MAX_OBSTACLES = 16;

    private static final String DISK = "/domain/devices/disk";
    private static final List<String> DEVICES = List.of("/domain/devices/", "/domain/os/loader", "/domain/os/nvram");

    private final PolicyTable table;
    private final @Nullable Set<String> chosen;
    private final List<Obstacle> obstacles = new ArrayList<>();

    private PolicyCheck(PolicyTable table, @Nullable Set<String> chosen) {
        this.table = table;
        this.chosen = chosen;
    }

    /** The obstacles in a tree from another host. */
    static List<Obstacle> ofForeign(Element root, PolicyTable table) {
        return run(new PolicyCheck(table, null), root);
    }

    /** The obstacles in an adapted tree: now all paths and similar values must be chosen ones. */
    static List<Obstacle> ofAdapted(Element root, PolicyTable table, Set<String> chosen) {
        return run(new PolicyCheck(table, chosen), root);
    }

    private static List<Obstacle> run(PolicyCheck check, Element root) {
        check.check(root, '/' + root.getTagName(), '/' + root.getTagName());
        return check.obstacles.stream().limit(MAX_OBSTACLES).toList();
    }

    private void check(Element element, String path, String shown) {
        if (DomainXml.foreign(element)) {
            add(
                    path,
                    shown + " passes settings to QEMU that libvirt does not know, so their requirements are unknown",
                    "Shut the guest down, take it out (virsh edit) or say the same in libvirt's own XML, and start the guest"
                            + " again.");
            return;
        }
        Optional<ElementRule> known = table.rule(path);
        if (known.isEmpty()) {
            add(path, shown + " is not on the list of what can move", remedy(path));
            return;
        }
        ElementRule rule = known.get();
        switch (rule.verdict()) {
            case DROP -> {}
            case REFUSE -> add(path, shown + " cannot move. " + rule.reason(), remedy(path));
            case ALLOW -> {
                if (checkAttributes(element, rule, path, shown) && checkText(element, rule, path, shown)) {
                    checkChildren(element, path, shown);
                }
            }
        }
    }

    private boolean checkAttributes(Element element, ElementRule rule, String path, String shown) {
        NamedNodeMap attributes = element.getAttributes();
        for (int i = 0; i < attributes.getLength(); i++) {
            Attr attribute = (Attr) attributes.item(i);
            @Nullable AllowedValue allowed = rule.attributes().get(attribute.getName());
            if (!checkValue(path, shown, attribute.getName(), attribute.getValue(), allowed)) {
                return false;
            }
        }
        return true;
    }

    private boolean checkText(Element element, ElementRule rule, String path, String shown) {
        StringBuilder text = new StringBuilder();
        for (Node node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeType() == Node.TEXT_NODE) {
                text.append(node.getNodeValue());
            }
        }
        String value = text.toString().strip();
        return value.isEmpty() || checkValue(path, shown, "", value, rule.text());
    }

    private boolean checkValue(
            String path, String shown, String attribute, String value, @Nullable AllowedValue allowed) {
        if (allowed != null && allowed.fits(value) && isChosen(allowed, value)) {
            return true;
        }
        String has = shown + " has " + (attribute.isEmpty() ? "the text " : Malformed.quoted(attribute) + " = ")
                + Malformed.quoted(value);
        Optional<String> reason = table.refusal(path, attribute, value);
        if (reason.isPresent()) {
            add(path, has + ". " + reason.get(), remedy(path));
        } else if (allowed == null) {
            add(path, has + ", which is not on the list of what can move", remedy(path));
        } else if (allowed.fits(value)) {
            add(path, has + ", which is not this host's choice", "Set it with DomainSettings.");
        } else {
            add(path, has + "; allowed is " + allowed.meaning(), remedy(path));
        }
        return false;
    }

    private boolean isChosen(AllowedValue allowed, String value) {
        return chosen == null || !allowed.chosenHere() || value.isEmpty() || chosen.contains(value);
    }

    private void checkChildren(Element element, String path, String shown) {
        Set<String> seen = new HashSet<>();
        for (Element child : Xml.children(element)) {
            if (obstacles.size() >= MAX_OBSTACLES) {
                return;
            }
            String name = child.getTagName();
            String childPath = path + '/' + name;
            String childShown = shown + '/' + plain(name) + label(child);
            // Of two elements where one belongs, vmmig might check one and libvirt use the other.
            boolean repeatable =
                    table.rule(childPath).map(ElementRule::repeatable).orElse(true);
            if (!seen.add(name) && !repeatable) {
                add(childPath, childShown + " occurs twice", remedy(childPath));
            } else {
                check(child, childPath, childShown);
            }
        }
    }

    /** Identifies one of several: a disk's target, an interface's address, a channel's name. */
    private static String label(Element element) {
        if (!element.getParentNode().getNodeName().equals("devices")) {
            return "";
        }
        return Stream.of(
                        Xml.attribute(element, "target", "dev"),
                        Xml.attribute(element, "mac", "address"),
                        Xml.attribute(element, "target", "name"))
                .filter(label -> !label.isEmpty())
                .findFirst()
                .map(label -> '[' + plain(label) + ']')
                .orElse("");
    }

    private static String plain(String text) {
        String quoted = Malformed.quoted(text);
        return quoted.substring(1, quoted.length() - 1);
    }

    private static String remedy(String path) {
        String first = isDevice(path) ? "Detach or change it first" : "Remove or change it first";
        return first + ", or allow it with a DomainPolicy at both ends (Migrator.policy, Receiver.policy).";
    }

    private static boolean isDevice(String path) {
        return DEVICES.stream().anyMatch(path::startsWith);
    }

    private void add(String path, String what, String remedy) {
        Problem problem = path.equals(DISK) || path.startsWith(DISK + '/')
                ? Problem.DISK_UNSUPPORTED
                : isDevice(path) ? Problem.DEVICE_CANNOT_MOVE : Problem.DOMAIN_UNSUPPORTED;
        obstacles.add(new Obstacle(problem, what, remedy));
    }

    /** Removes what the table drops; returns the names of such elements directly below the root. */
    static Set<String> drop(Element root, PolicyTable table) {
        Set<String> dropped = Xml.children(root).stream()
                .map(Element::getTagName)
                .filter(name -> isDropped(table, '/' + root.getTagName() + '/' + name))
                .collect(Collectors.toCollection(java.util.LinkedHashSet::new));
        drop(root, '/' + root.getTagName(), table);
        return dropped;
    }

    private static void drop(Element element, String path, PolicyTable table) {
        Optional<ElementRule> rule = table.rule(path);
        rule.ifPresent(r -> r.attributes().forEach((name, allowed) -> {
            if (allowed.is(ValueForm.DROP)) {
                element.removeAttribute(name);
            }
        }));
        for (Element child : Xml.children(element)) {
            String childPath = path + '/' + child.getTagName();
            if (isDropped(table, childPath)) {
                Xml.remove(child);
            } else {
                drop(child, childPath, table);
            }
        }
    }

    private static boolean isDropped(PolicyTable table, String path) {
        return table.rule(path)
                .filter(rule -> rule.verdict() == ElementRule.Verdict.DROP)
                .isPresent();
    }
}
