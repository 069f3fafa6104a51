using System.CommandLine;
using System.Globalization;
using Anneal.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var threads = new Argument<int>("threads") { Description = "How many threads work on a step." };
var workloads = new Argument<string[]>("workloads") { Description = "Which workloads; all of them where none is named.", Arity = ArgumentArity.ZeroOrMore };
var cpu = new Command("cpu", "Prints a JSON line for each reference workload: the median time of a whole training step and its rate.") { threads, workloads };
cpu.SetAction(arguments => Workloads.Run(arguments.GetValue(threads), arguments.GetValue(workloads)!));
return new RootCommand("Measures Anneal on the reference workloads.") { cpu }.Parse(args).Invoke();
