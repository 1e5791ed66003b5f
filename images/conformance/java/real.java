import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

public class Main {
    public static void main(String[] args) {
        int[] numbers = new int[5000];
        for (int n = 0, x = 42; n < numbers.length; n++)
            numbers[n] = x = (x * 3877 + 29573) % 139968;
        Arrays.sort(numbers);

        Map<Integer, Integer> counts = new HashMap<>();
        for (int number : numbers)
            counts.merge(number % 1000, 1, Integer::sum);
        Comparator<Map.Entry<Integer, Integer>> order = Map.Entry.comparingByValue();
        var most = counts.entrySet().stream().max(order.thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder()))).orElseThrow();

        int checksum = 0, loop = 0;
        for (int n = 0; n < numbers.length; n++)
            checksum = (checksum + numbers[n] * (n % 7)) % 1000003;
        for (int i = 1; i <= 200000; i++)
            loop += (i % 7) * (i % 7) % 7;

        System.out.println("sorted " + numbers[0] + " " + numbers[2500] + " " + numbers[numbers.length - 1]);
        System.out.println("distinct " + counts.size());
        System.out.println("most " + most.getKey() + " " + most.getValue());
        System.out.println("checksum " + checksum);
        System.out.println("loop " + loop);
    }
}
