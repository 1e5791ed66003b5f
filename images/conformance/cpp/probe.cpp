#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

static std::string joined(const std::vector<std::string> &parts) {
    std::string text;
    for (const auto &part : parts)
        text += (&part == &parts.front() ? "" : "|") + part;
    return text;
}

int main(int argc, char **argv) {
    std::vector<std::string> lines;
    for (std::string line; std::getline(std::cin, line);)
        lines.push_back(line);
    std::string first;
    std::getline(std::ifstream("/tmp/input/input.txt"), first);

    std::cout << "hello\n"
              << "stdin=" << joined(lines) << "\n"
              << "file=" << first << "\n"
              << "args=" << joined({argv + 1, argv + argc}) << "\n"
              << "env=" << std::getenv("UNSANDBOX_PROBE") << "\n"
              << "utf8=Grüße 世界 🚀\n";
    std::cerr << "to stderr\n";
    std::ofstream("/tmp/artifacts/probe.txt") << "artifact\n";
    return 7;
}
