#include <algorithm>
#include <iostream>
#include <unordered_map>
#include <vector>

int main() {
    std::vector<int> numbers;
    for (int n = 0, x = 42; n < 5000; n++)
        numbers.push_back(x = (x * 3877 + 29573) % 139968);
    std::sort(numbers.begin(), numbers.end());

    std::unordered_map<int, int> counts;
    for (int number : numbers)
        counts[number % 1000]++;
    const auto most = *std::min_element(counts.begin(), counts.end(), [](const auto &a, const auto &b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });

    long checksum = 0, loop = 0;
    for (std::size_t n = 0; n < numbers.size(); n++)
        checksum = (checksum + numbers[n] * static_cast<long>(n % 7)) % 1000003;
    for (int i = 1; i <= 200000; i++)
        loop += (i % 7) * (i % 7) % 7;

    std::cout << "sorted " << numbers.front() << " " << numbers[2500] << " " << numbers.back() << "\n"
              << "distinct " << counts.size() << "\n"
              << "most " << most.first << " " << most.second << "\n"
              << "checksum " << checksum << "\n"
              << "loop " << loop << "\n";
}
