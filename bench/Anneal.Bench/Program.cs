using System.CommandLine;
using System.Globalization;
using Anneal.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var threads = new Argument<int>("threads") { Description = "How many threads work on a step." };
var workloads = new Argument<string[]>("workloads") { Description = "Which workloads; all of them where none is named.", Arity = ArgumentArity.ZeroOrMore };
var cpu = new Command("cpu", "Prints a JSON line for each reference workload: the median time of a whole training step and its rate.") { threads, workloads };
cpu.SetAction(arguments => Workloads.Run(arguments.GetValue(threads), arguments.GetValue(workloads)!));
var workload = new Argument<string>("workload") { Description = "Which workload's training step." };
var trace = new Option<string?>("--trace") { Description = "Where to write a Chrome trace." };
var rows = new Option<int>("--rows") { Description = "How many kernels are shown.", DefaultValueFactory = _ => 30 };
var profile = new Command("profile", "Prints where the time of a training step goes, kernel by kernel.") { threads, workload, trace, rows };
profile.SetAction(arguments => Workloads.Profile(arguments.GetValue(threads), arguments.GetValue(workload)!, arguments.GetValue(trace), arguments.GetValue(rows)));
var memory = new Command("memory", "Prints what lives in memory when a training step needs most.") { workload, rows };
memory.SetAction(arguments => Workloads.Memory(arguments.GetValue(workload)!, arguments.GetValue(rows)));
var kernel = new Argument<string>("name") { Description = "Which kernel." };
var lab = new Command("lab", "Measures versions of a kernel against the peak of one thread.") { kernel };
lab.SetAction(arguments => Lab.Run(arguments.GetValue(kernel)!));
var rounds = new Option<int>("--rounds") { Description = "How often each is run, in turn.", DefaultValueFactory = _ => 5 };
var count = new Option<int>("--threads") { Description = "How many threads each takes.", DefaultValueFactory = _ => Environment.ProcessorCount };
var avx2 = new Option<bool>("--avx2") { Description = "Keeps all of them from AVX-512." };
var compare = new Command("compare", "Runs the peers and Anneal in turn and prints medians and ratios.") { workloads, rounds, count, avx2 };
compare.SetAction(arguments => Comparison.Run(
    arguments.GetValue(workloads)!, arguments.GetValue(count), arguments.GetValue(rounds), arguments.GetValue(avx2)));
var peak = new Command("peak", "Measures multiply-adds and memory bandwidth of one thread and of all.");
peak.SetAction(_ => Workloads.Peak());
return new RootCommand("Measures Anneal on the reference workloads.") { cpu, compare, peak, profile, memory, lab }.Parse(args).Invoke();
