/** ECharts, with what is used of it: the largest part of the page, and so a module of its own. */
import { CustomChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import { GridComponent, ParallelComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([CanvasRenderer, GridComponent, TooltipComponent, LineChart, ScatterChart, CustomChart, ParallelChart, ParallelComponent]);

export { init };
