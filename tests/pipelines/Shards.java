import java.util.Arrays;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/** Flink without Beam: each element is a shard's name, each map call one `write_shard` in a Python process. */
public class Shards {
    static final String WRITE = "import sys; from pipelines.dataset.shards import write_shard; write_shard(*sys.argv[1:])";

    public static void main(String[] given) throws Exception {
        String python = given[0], folder = given[1];
        StreamExecutionEnvironment flink = StreamExecutionEnvironment.getExecutionEnvironment();
        flink.setRuntimeMode(RuntimeExecutionMode.BATCH);
        int slots = 4; // said for each step: a batch job otherwise takes one slot for so few elements
        flink.fromData(Arrays.asList(given).subList(2, given.length))
            .rebalance()
            .map((MapFunction<String, String>) name -> write(python, folder, name))
            .returns(String.class)
            .setParallelism(slots)
            .sinkTo(new DiscardingSink<>())
            .setParallelism(slots);
        flink.execute("shards");
    }

    static String write(String python, String folder, String name) throws Exception {
        int code = new ProcessBuilder(python, "-c", WRITE, folder, name).inheritIO().start().waitFor();
        if (code != 0) {
            throw new IllegalStateException(name + " ended with " + code);
        }
        return name;
    }
}
